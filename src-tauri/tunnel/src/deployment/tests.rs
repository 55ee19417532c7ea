//! What answers mean.
