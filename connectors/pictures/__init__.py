"""Still pictures from media: posters, sheets of thumbnails for the seek bar, and waveforms.

ffmpeg says what it sees (times, scores, levels) in lines of text; what follows from them is decided here.
"""
