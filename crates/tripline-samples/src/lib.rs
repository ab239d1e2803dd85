//! Seeded sign-in records for tests, examples and benchmarks.
