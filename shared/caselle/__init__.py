"""The only package that speaks Caselle.

``protocol`` builds requests and reads answers without any input or output, ``client`` carries them, one file per remote
operation holds its document and its reading, ``errors`` says what Caselle's codes mean.
"""
