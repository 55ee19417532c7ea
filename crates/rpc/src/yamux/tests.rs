//! Rules of the session against hostile bytes, and credit.
