//! What texts mean as trees.

use super::*;

#[test]
fn the_seed_rule_and_its_exclusions_read() {
    assert_eq!(read(SEED_RULE).items.len(), 1);
    assert_eq!(read(SEED_EXCLUSIONS).items.len(), 6);
    assert_eq!(read(EVERYTHING).items.len(), 8);
}
