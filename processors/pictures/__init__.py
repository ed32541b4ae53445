"""Still pictures of every accepted medium: a poster, thumbnails for the seek bar, a waveform."""
