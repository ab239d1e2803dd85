//! Raw records: read in one pass, pulling only the wanted paths.
