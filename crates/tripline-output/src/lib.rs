//! What more than one face writes, so that it is written alike: the member that an annotated record
//! gains ([`annotation`]), the counters as Prometheus reads them ([`metrics`]), and what became of
//! rules' state ([`outcome`]). The command, the plugin for log shippers and the relay use it; it does no I/O of its own.

pub mod annotation;
pub mod metrics;
pub mod outcome;
