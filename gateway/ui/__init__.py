"""Web pages: plain HTML, CSS and JavaScript, without a build."""
