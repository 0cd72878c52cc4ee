//! A way past all living actors that holds no lock for long.

use std::sync::Arc;
use std::vec::IntoIter;

use crate::family::{Family, Standing};

/// All living actors below a family, parents before their children. One that is born or ends meanwhile may be missed.
pub(super) struct Walk {
    /// From the top down: what is left of the page in hand, with the family and where to go on in it.
    levels: Vec<(Arc<Family>, Option<u64>, IntoIter<Standing>)>,
}

impl Walk {
    pub(super) fn below(family: Arc<Family>) -> Self {
        Self {
            levels: vec![(family, None, Vec::new().into_iter())],
        }
    }
}

impl Iterator for Walk {
    type Item = Standing;

    fn next(&mut self) -> Option<Standing> {
        loop {
            let (family, after, page) = self.levels.last_mut()?;
            if let Some(child) = page.next() {
                if let Some(below) = Family::of(child.cell.core()) {
                    self.levels.push((below, None, Vec::new().into_iter()));
                }
                return Some(child);
            }
            match family.page(*after) {
                Some((last, next)) => {
                    *after = Some(last);
                    *page = next.into_iter();
                }
                None => drop(self.levels.pop()),
            }
        }
    }
}
