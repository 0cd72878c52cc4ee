//! The other frameworks, each used as its own documents recommend; where they know two ways, the faster.

mod actix;
mod coerce;
mod kameo;
mod ractor;
mod xtra;

use benches::work::{self, Contestant};

/// All of them.
pub(crate) const ALL: [Contestant; 5] = [
    Contestant {
        name: "kameo",
        run: work::run::<kameo::Kameo>,
    },
    Contestant {
        name: "ractor",
        run: work::run::<ractor::Ractor>,
    },
    Contestant {
        name: "actix",
        run: work::run::<actix::Actix>,
    },
    Contestant {
        name: "xtra",
        run: work::run::<xtra::Xtra>,
    },
    Contestant {
        name: "coerce",
        run: work::run::<coerce::Coerce>,
    },
];
