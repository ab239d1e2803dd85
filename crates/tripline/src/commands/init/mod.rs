//! `tripline init`: folders that run as they are.

mod fluent_bit;
mod folder;
mod pack;
mod vector;

use crate::exit::{Failure, Status};

/// Write a folder that runs as it is
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    shipper: Shipper,
}

/// For which shipper.
#[derive(Debug, clap::Subcommand)]
enum Shipper {
    FluentBit(fluent_bit::Arguments),
    Vector(vector::Arguments),
}

/// Writes it.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    match &arguments.shipper {
        Shipper::FluentBit(arguments) => fluent_bit::run(arguments),
        Shipper::Vector(arguments) => vector::run(arguments),
    }
}
