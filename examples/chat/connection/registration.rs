//! What a client has told before it is let in.

/// A registration that is not complete.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Registration {
    /// From NICK, valid, and free when it was looked up.
    pub(super) nick: Option<String>,
    /// From USER: user name and real name.
    pub(super) user: Option<(String, String)>,
    /// From PASS.
    pub(super) password: Option<String>,
    /// Whether capabilities are being negotiated: nothing is complete before `CAP END`.
    pub(super) negotiating: bool,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More from the client.
    Wait,
    /// Refuse the client: the password is wrong or missing.
    WrongPassword,
    /// Claim this nick, with user name and real name.
    Claim(String, String, String),
}

impl Registration {
    /// The next step, on a server that wants `password`.
    pub(super) fn step(&self, password: Option<&str>) -> Step {
        let (Some(nick), Some((user, realname)), false) = (&self.nick, &self.user, self.negotiating) else {
            return Step::Wait;
        };
        if password.is_some_and(|wanted| self.password.as_deref() != Some(wanted)) {
            return Step::WrongPassword;
        }
        Step::Claim(nick.clone(), user.clone(), realname.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named() -> Registration {
        Registration {
            nick: Some("n".to_owned()),
            user: Some(("u".to_owned(), "r".to_owned())),
            ..Registration::default()
        }
    }

    #[test]
    fn nick_user_and_the_end_of_negotiation_are_needed_in_any_order() {
        let claim = Step::Claim("n".to_owned(), "u".to_owned(), "r".to_owned());
        assert_eq!(named().step(None), claim);
        assert_eq!(Registration { nick: None, ..named() }.step(None), Step::Wait);
        assert_eq!(
            Registration {
                negotiating: true,
                ..named()
            }
            .step(None),
            Step::Wait
        );
    }

    #[test]
    fn a_password_is_needed_where_there_is_one() {
        assert_eq!(named().step(Some("p")), Step::WrongPassword);
        let with = |word: &str| Registration {
            password: Some(word.to_owned()),
            ..named()
        };
        assert_eq!(with("x").step(Some("p")), Step::WrongPassword);
        assert!(matches!(with("p").step(Some("p")), Step::Claim(..)));
    }
}
