//! Where packets go, with engines of nobody.
