//! Spam: a score from named, explainable signals.
