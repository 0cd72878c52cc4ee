//! What fingerprints tell apart, and what they cannot.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer};

use super::*;

fn text<T: DeserializeOwned>() -> String {
    shapes_of::<T>().text()
}

fn hash<T: DeserializeOwned>() -> u64 {
    Fingerprint::of::<T>().hash()
}

/// The same names in two places, since the names of types do not count.
macro_rules! shapes {
    ($($module:ident { $($item:item)* })*) => {$(
        mod $module {
            #![expect(dead_code, reason = "their shapes alone are looked at")]
            use serde::Deserialize;
            $(#[derive(Deserialize)] $item)*
        }
    )*};
}

shapes! {
    base { pub(super) enum Room { Join { who: String, seat: u16 }, Say(String), Leave } }
    same { pub(super) enum Salon { Join { who: String, seat: u16 }, Say(String), Leave } }
    reordered { pub(super) enum Room { Say(String), Join { who: String, seat: u16 }, Leave } }
    appended { pub(super) enum Room { Join { who: String, seat: u16 }, Say(String), Leave, Sing } }
    wider { pub(super) enum Room { Join { who: String, seat: u32 }, Say(String), Leave } }
    renamed { pub(super) enum Room { Join { name: String, seat: u16 }, Say(String), Leave } }
    optional { pub(super) enum Room { Join { who: Option<String>, seat: u16 }, Say(String), Leave } }
    units { pub(super) enum Room { Join { who: String, seat: u16 }, Say(String), Leave() } }
}

#[test]
fn names_of_types_do_not_count_and_all_that_travels_does() {
    let base = hash::<base::Room>();
    assert_eq!(base, hash::<same::Salon>());
    for other in [
        hash::<reordered::Room>(),
        hash::<appended::Room>(),
        hash::<wider::Room>(),
        hash::<renamed::Room>(),
        hash::<optional::Room>(),
        hash::<units::Room>(),
    ] {
        assert_ne!(base, other);
    }
    assert!(Fingerprint::of::<base::Room>().is_whole());
}

/// Written down, so that two builds of different days agree.
#[test]
fn a_fingerprint_never_changes() {
    assert_eq!(text::<base::Room>(), "#0\n#0|Join {who:str seat:u16 }|Say str |Leave ");
    assert_eq!(Fingerprint::of::<base::Room>().to_string(), "927a98c4e5fa353e");
    assert_eq!(text::<u8>(), "u8 ");
    assert_eq!(
        text::<BTreeMap<u8, Vec<(bool, Option<char>)>>>(),
        "map<u8 [(bool option<char >)]>"
    );
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "its shape alone is looked at")]
enum Expr {
    Add(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Call { of: String, with: Vec<Expr> },
    Lit(Lit),
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "its shape alone is looked at")]
enum Lit {
    Int(i64),
    Quote(Box<Expr>),
    Nil,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "its shape alone is looked at")]
struct Tree {
    value: u8,
    children: Vec<Tree>,
    parent: Option<Box<Tree>>,
    by_name: BTreeMap<String, Tree>,
}

#[test]
fn a_recursive_type_is_walked_once_round() {
    let shapes = shapes_of::<Expr>();
    assert!(shapes.is_whole(), "{}", shapes.text());
    assert_eq!(
        shapes.text(),
        "#0\n#0|Add (^0^0)|Not ^0|Call {of:str with:[^0]}|Lit #1\n#1|Int i64 |Quote ^1|Nil "
    );
    assert_eq!(
        text::<Tree>(),
        "{value:u8 children:[^0]parent:option<^0>by_name:map<str ^0>}"
    );
}

/// As handles and reply ports are read.
struct To<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for To<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nowhere = |_: u64| Err("nothing can be reached".to_owned());
        crate::port::deserialize_port::<_, _, T, _>(deserializer, nowhere, || To(PhantomData))
    }
}

shapes! {
    narrow {
        pub(super) enum Door { Knock(super::To<u32>, u16), Pass(super::To<Door>), Open(Ring) }
        pub(super) struct Ring { next: super::To<Ring>, at: u8 }
    }
    wide {
        pub(super) enum Door { Knock(super::To<u64>, u16), Pass(super::To<Door>), Open(Ring) }
        pub(super) struct Ring { next: super::To<Ring>, at: u8 }
    }
    behind {
        pub(super) enum Door { Knock(super::To<u32>, u32), Pass(super::To<Door>), Open(Ring) }
        pub(super) struct Ring { next: super::To<Ring>, at: u8 }
    }
}

#[test]
fn a_port_counts_with_what_it_takes_and_hides_nothing_behind_it() {
    let shape = text::<narrow::Door>();
    assert!(Fingerprint::of::<narrow::Door>().is_whole(), "{shape}");
    assert_ne!(shape, text::<wide::Door>());
    assert_ne!(shape, text::<behind::Door>());
    assert_ne!(hash::<To<u64>>(), hash::<u64>());
    assert_eq!(text::<(To<bool>, u8)>(), "(port<bool >u8 )");
}

#[test]
fn one_generic_enum_with_two_contents_is_two_shapes() {
    type Both<A, B> = (Result<A, ()>, Result<B, ()>);
    assert_ne!(hash::<Both<u8, u16>>(), hash::<Both<u8, u8>>());
    assert_ne!(hash::<Both<u8, u16>>(), hash::<Both<u16, u8>>());
    assert!(Fingerprint::of::<Both<Expr, Lit>>().is_whole());
}

#[derive(Debug)]
struct Odd;

impl<'de> Deserialize<'de> for Odd {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(from)?;
        if number == 77 {
            Ok(Odd)
        } else {
            Err(serde::de::Error::custom("only 77 will do"))
        }
    }
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "its shape alone is looked at")]
enum Picky {
    First(Odd, u8),
    Second { seat: u16 },
    Third(NonZeroU64),
}

#[test]
fn a_check_hides_its_own_variant_and_no_other() {
    let shapes = shapes_of::<Picky>();
    assert_eq!(shapes.text(), "#0\n#0|First (u32 !|Second {seat:u16 }|Third u64 ");
    assert!(!shapes.is_whole());
    assert!(!Fingerprint::of::<(Odd, u8)>().is_whole());
    assert_ne!(hash::<(u8, Odd)>(), hash::<(u16, Odd)>());
}

/// As a type that can never be made.
#[derive(Deserialize)]
#[expect(dead_code, reason = "its shape alone is looked at")]
struct Endless(Box<Endless>);

#[derive(Deserialize)]
#[expect(dead_code, reason = "its shape alone is looked at")]
enum Never {
    One(Box<Never>),
    Two(Box<Never>),
}

#[derive(Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "its shape alone is looked at")]
enum Untagged {
    A(u8),
    B(u16),
}

#[test]
fn what_cannot_be_walked_is_said_not_to_be_whole() {
    assert!(!Fingerprint::of::<Endless>().is_whole());
    assert!(!Fingerprint::of::<Never>().is_whole());
    assert!(!Fingerprint::of::<Untagged>().is_whole());
}

#[test]
fn many_enums_within_one_another_take_few_runs() {
    type Four<T> = (T, T, T, T);
    type Deep = Four<Result<Four<Result<Picky, Expr>>, Lit>>;
    assert!(!Fingerprint::of::<Deep>().is_whole());
    assert!(shapes_of::<Four<Result<Expr, Lit>>>().is_whole());
}

#[test]
fn a_type_that_panics_on_what_is_made_up_has_a_fingerprint_all_the_same() {
    #[derive(Debug)]
    struct Trusting;
    impl<'de> Deserialize<'de> for Trusting {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let bytes = Vec::<u8>::deserialize(deserializer)?;
            let _: [u8; 64] = bytes.try_into().expect("it is always 64 bytes");
            Ok(Self)
        }
    }
    let fingerprint = Fingerprint::of::<(u8, Trusting)>();
    assert!(!fingerprint.is_whole());
    assert_eq!(fingerprint, Fingerprint::of::<(u8, Trusting)>());
}
