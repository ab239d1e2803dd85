//! What more than one face writes, so that it is written alike: the member that an annotated record
//! gains ([`annotation`]), a detection as a record of its own ([`record`]), and the counters as Prometheus reads them ([`metrics`]). The command,
//! the plugin for log shippers and the relay use it; it does no I/O of its own.

pub mod annotation;
pub mod metrics;
pub mod record;
