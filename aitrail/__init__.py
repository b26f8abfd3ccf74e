"""aitrail: a queryable record of who used Amazon Polly, Transcribe, Lex and Personalize."""

__version__ = "0.1.0"
