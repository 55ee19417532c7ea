//! `homeport-tunnel`: starts the service.

fn main() {}
