//! Terminals: a master that is read and written without blocking, and children that have the slave as controlling terminal.
