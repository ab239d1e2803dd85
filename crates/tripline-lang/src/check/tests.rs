//! Rule sets in memory and what the checker says of them.
