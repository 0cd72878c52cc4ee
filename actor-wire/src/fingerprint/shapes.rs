//! What is known of a type's shape so far, with the choice of what to look at next.
//!
//! One run of a `Deserialize` sees one variant of each enum that it meets. So runs are repeated, each taking variants that were not
//! seen, until none is left. Within itself a type is walked *quietly*: nothing is written, and it is brought to an end by
//! the shortest way known, which is the *ground* of each enum: a variant that was seen to end.

use std::collections::HashMap;

/// Beyond any message: whoever reaches it gets the fingerprint of what was seen by then.
const RUNS_MAX: usize = 10_000;
const DEPTH_MAX: usize = 128;

#[derive(Default)]
pub(super) struct Shapes {
    /// What has been written of the innermost thing that has a text of its own: a variant, or the whole.
    out: String,
    root: String,
    enums: Vec<Enum>,
    by_type: HashMap<&'static str, usize>,
    /// The named types that are being walked, by Rust's name for them, which stays within this process.
    path: Vec<&'static str>,
    depth: usize,
    /// How many levels ask for quiet.
    quiet: usize,
    runs: usize,
    /// The enums that this run has met where it was not quiet.
    met: Vec<usize>,
    /// Whether this run looks at something new.
    explores: bool,
    /// Whether somebody has answered for the error that ends this run.
    blamed: bool,
    cut: bool,
}

struct Enum {
    variants: Vec<Variant>,
    ground: Option<usize>,
}

struct Variant {
    name: &'static str,
    shape: Option<String>,
    /// It is being walked, further out.
    open: bool,
    /// It did not come to an end, when that was hoped for.
    failed: bool,
}

/// How a variant is walked.
pub(super) struct Choice {
    of: usize,
    variant: usize,
    /// What was being written, if this variant is written down.
    outer: Option<String>,
    /// How many enums had been met: those beyond are within this variant.
    met_before: usize,
}

impl Shapes {
    /// Begins a run, if one is needed.
    pub(super) fn begin(&mut self) -> bool {
        let needed = self.runs == 0 || self.explores || self.blamed;
        self.cut = needed && self.runs == RUNS_MAX;
        if !needed || self.cut {
            return false;
        }
        self.runs += 1;
        self.out.clear();
        self.path.clear();
        self.met.clear();
        (self.depth, self.quiet, self.explores, self.blamed) = (0, 0, false, false);
        true
    }

    pub(super) fn end(&mut self, well: bool) {
        if !well && !self.blamed {
            self.out.push('!');
        }
        self.root.clone_from(&self.out);
    }

    /// No more can be seen.
    pub(super) fn give_up(&mut self) {
        self.cut = true;
        self.end(false);
    }

    /// Everything that counts, as one text.
    pub(super) fn text(&self) -> String {
        let mut text = self.root.clone();
        for (at, known) in self.enums.iter().enumerate() {
            text.push_str(&format!("\n#{at}"));
            for variant in &known.variants {
                let shape = variant.shape.as_deref().unwrap_or("?");
                text.push_str(&format!("|{}{shape}", variant.name));
            }
        }
        text
    }

    pub(super) fn is_whole(&self) -> bool {
        let seen = |variant: &Variant| variant.shape.as_ref().is_some_and(|shape| !shape.ends_with('!'));
        !self.cut && !self.root.ends_with('!') && self.enums.iter().all(|known| known.variants.iter().all(seen))
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.quiet > 0
    }

    pub(super) fn write(&mut self, shape: &str) {
        if self.quiet == 0 {
            self.out.push_str(shape);
        }
    }

    /// One level down. `None` where no message could be read any more either.
    pub(super) fn descend(&mut self) -> Option<()> {
        self.depth += 1;
        (self.depth <= DEPTH_MAX).then_some(())
    }

    pub(super) fn ascend(&mut self) {
        self.depth -= 1;
    }

    /// Enters a named type. Within itself it is quiet.
    pub(super) fn enter(&mut self, rust_name: &'static str) -> bool {
        let outer = self.path.iter().rev().position(|&known| known == rust_name);
        self.path.push(rust_name);
        if let Some(levels) = outer {
            self.write(&format!("^{levels}"));
            self.quiet += 1;
        }
        outer.is_some()
    }

    pub(super) fn leave(&mut self, was_within_itself: bool) {
        self.path.pop();
        self.quiet -= usize::from(was_within_itself);
    }

    /// Meets an enum; says which variant it shall be. `None` if none is known to come to an end.
    pub(super) fn choose(&mut self, rust_name: &'static str, variants: &'static [&'static str]) -> Option<Choice> {
        let of = *self.by_type.entry(rust_name).or_insert_with(|| {
            self.enums.push(Enum::new(variants));
            self.enums.len() - 1
        });
        self.write(&format!("#{of}"));
        let quiet = self.quiet > 0;
        let met_before = self.met.len() + usize::from(!quiet);
        if !quiet {
            self.met.push(of);
        }
        let known = &mut self.enums[of];
        let unseen = known.variants.iter().position(Variant::is_unseen);
        let variant = match (unseen, known.ground) {
            (Some(unseen), _) if !quiet => unseen,
            (_, Some(ground)) => ground,
            _ => known
                .variants
                .iter()
                .position(|variant| !variant.open && !variant.failed)?,
        };
        let write_down = !quiet && unseen.is_some();
        known.variants[variant].open = true;
        let outer = write_down.then(|| std::mem::take(&mut self.out));
        self.explores |= write_down;
        self.quiet += usize::from(!write_down);
        Some(Choice {
            of,
            variant,
            outer,
            met_before,
        })
    }

    /// The variant came to its end, well or not.
    pub(super) fn chosen(&mut self, choice: Choice, well: bool) {
        let Choice {
            of,
            variant,
            outer,
            met_before,
        } = choice;
        let left_unseen = self.met[met_before..]
            .iter()
            .any(|&met| self.enums[met].is_unfinished());
        let known = &mut self.enums[of];
        let guess = outer.is_none() && known.ground != Some(variant);
        known.variants[variant].open = false;
        if well && known.ground.is_none() {
            known.ground = Some(variant);
        }
        let to_blame = !well && !self.blamed && (guess || outer.is_some());
        if to_blame {
            known.variants[variant].failed = true;
            self.blamed = true;
        }
        match outer {
            Some(outer) => {
                let mut shape = std::mem::replace(&mut self.out, outer);
                if to_blame {
                    shape.push('!');
                }
                // What it holds is not all seen: it will be taken again.
                if to_blame || (well && !left_unseen) {
                    known.variants[variant].shape = Some(shape);
                }
            }
            None => self.quiet -= 1,
        }
    }
}

impl Choice {
    /// As serde gives it to the type. (No enum has more variants than that.)
    pub(super) fn index(&self) -> u32 {
        u32::try_from(self.variant).unwrap_or(u32::MAX)
    }
}

impl Enum {
    fn new(variants: &'static [&'static str]) -> Self {
        let variants = variants.iter().map(|name| Variant {
            name,
            shape: None,
            open: false,
            failed: false,
        });
        Self {
            variants: variants.collect(),
            ground: None,
        }
    }

    /// Whether it has to be met again. One that is being walked further out sees to itself.
    fn is_unfinished(&self) -> bool {
        self.variants.iter().any(Variant::is_unseen) && !self.variants.iter().any(|variant| variant.open)
    }
}

impl Variant {
    fn is_unseen(&self) -> bool {
        self.shape.is_none()
    }
}
