pub(in super::super) use super::eight::{container_close, name_end, text_close};
