//! The tripline command.

fn main() {}
