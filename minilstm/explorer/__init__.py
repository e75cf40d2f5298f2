"""The explorer: a trained LSTM alive in one HTML page, with no network and no server.

`page.py` puts the page together; `payload.py` what of a model goes into it; `roles.py` reads what its units do off the
results of the paper's analyses, so that the page can order them. The rest is the page itself: `template.html`,
`explorer.css` and plain JavaScript files, of which `lstm.js` is the counterpart of `minilstm/lstm.py`.
"""
