//! People: what is known of one, and the directory of all.

pub mod abroad;
pub mod book;
pub mod directory;
pub mod examiner;
pub mod farewell;
pub mod former;
pub mod monitor;
pub mod news;
pub mod profile;
pub mod request;
pub mod who;
