//! The tailnet API over pipes, with real callers.
