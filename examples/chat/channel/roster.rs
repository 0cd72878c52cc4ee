//! Who is in a channel, with which rank, and who is invited.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::charter::Charter;
use super::refusal::Refusal;
use crate::protocol::mode::Rank;
use crate::protocol::name;
use crate::protocol::stamp::Stamp;
use crate::user::profile::{ClientId, Profile};

/// A channel with its members. `P` is what the driver keeps for each of them: the way to reach them.
#[derive(Debug)]
pub struct Channel<P> {
    /// As its founder spelled it.
    pub name: String,
    /// The settings.
    pub charter: Charter,
    members: BTreeMap<ClientId, Member<P>>,
    invited: VecDeque<(ClientId, bool)>,
}

/// One member.
#[derive(Debug)]
pub struct Member<P> {
    /// What is known of them.
    pub profile: Arc<Profile>,
    /// Rank `o`.
    pub operator: bool,
    /// Rank `v`.
    pub voice: bool,
    /// When they came in, as their server says.
    pub since: Stamp,
    /// How to reach them.
    pub post: P,
}

/// The ranks that members have, to be kept outside of the room.
pub type Ranks = Vec<(ClientId, bool, bool)>;

impl<P> Channel<P> {
    /// An empty channel.
    pub fn new(name: String, charter: Charter) -> Self {
        Self {
            name,
            charter,
            members: BTreeMap::new(),
            invited: VecDeque::new(),
        }
    }

    /// Lets somebody in whom the rules admit; the first one in is operator.
    pub fn enter(&mut self, id: ClientId, profile: Arc<Profile>, post: P) {
        let operator = self.members.is_empty();
        self.members.insert(
            id,
            Member {
                profile,
                operator,
                voice: false,
                since: Stamp::default(),
                post,
            },
        );
        self.invited.retain(|(invited, _)| *invited != id);
    }

    /// Puts somebody in who came in elsewhere or before, with the rank that they had.
    pub fn restore(&mut self, id: ClientId, profile: Arc<Profile>, post: P, since: Stamp, ranks: &Ranks) {
        let (operator, voice) = ranks
            .iter()
            .find(|(ranked, ..)| *ranked == id)
            .map_or((false, false), |(_, operator, voice)| (*operator, *voice));
        self.members.insert(
            id,
            Member {
                profile,
                operator,
                voice,
                since,
                post,
            },
        );
    }

    /// Takes a member out.
    pub fn leave(&mut self, id: ClientId) -> Option<Member<P>> {
        self.members.remove(&id)
    }

    /// One member.
    pub fn member(&self, id: ClientId) -> Option<&Member<P>> {
        self.members.get(&id)
    }

    /// One member, to be changed.
    pub fn member_mut(&mut self, id: ClientId) -> Option<&mut Member<P>> {
        self.members.get_mut(&id)
    }

    /// All members, in the order in which they connected to the server.
    pub fn members(&self) -> impl Iterator<Item = (ClientId, &Member<P>)> {
        self.members.iter().map(|(id, member)| (*id, member))
    }

    /// How many are inside.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether nobody is inside.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The member with this nick.
    pub fn by_nick(&self, nick: &str) -> Option<ClientId> {
        self.members
            .iter()
            .find(|(_, member)| name::same(&member.profile.nick, nick))
            .map(|(id, _)| *id)
    }

    /// Whether `asker` may see who is inside.
    pub fn shows_itself_to(&self, asker: ClientId) -> bool {
        !self.charter.has(crate::protocol::mode::Flag::Secret) || self.members.contains_key(&asker)
    }

    /// The operator `id`.
    ///
    /// # Errors
    /// Not a member, or not one of rank.
    pub fn operator(&self, id: ClientId) -> Result<&Member<P>, Refusal> {
        let member = self.members.get(&id).ok_or(Refusal::NotInside)?;
        if member.operator {
            Ok(member)
        } else {
            Err(Refusal::NotOperator)
        }
    }

    /// Whom `by` may throw out under that nick.
    ///
    /// # Errors
    /// `by` may not, or nobody of that nick is inside.
    pub fn kickable(&self, by: ClientId, nick: &str) -> Result<ClientId, Refusal> {
        self.operator(by)?;
        self.by_nick(nick).ok_or_else(|| Refusal::AbsentMember(nick.to_owned()))
    }

    /// Notes that `by` invites `guest`. Of more than `invited_max` the oldest is forgotten.
    ///
    /// # Errors
    /// `by` is not inside, or may not because the channel is invite-only, or the guest is inside.
    pub fn invite(&mut self, by: ClientId, guest: ClientId, nick: &str, invited_max: usize) -> Result<(), Refusal> {
        let inviter = self.members.get(&by).ok_or(Refusal::NotInside)?;
        let operator = inviter.operator;
        if self.members.contains_key(&guest) {
            return Err(Refusal::AlreadyInside(nick.to_owned()));
        }
        if self.charter.has(crate::protocol::mode::Flag::InviteOnly) && !operator {
            return Err(Refusal::NotOperator);
        }
        self.expect(guest, operator, invited_max);
        Ok(())
    }

    /// Notes that `guest` is invited, and whether by an operator.
    pub fn expect(&mut self, guest: ClientId, by_operator: bool, invited_max: usize) {
        self.invited.retain(|(invited, _)| *invited != guest);
        if self.invited.len() >= invited_max {
            self.invited.pop_front();
        }
        self.invited.push_back((guest, by_operator));
    }

    /// Whether `id` is invited, and if so whether by an operator.
    pub fn invitation(&self, id: ClientId) -> Option<bool> {
        self.invited
            .iter()
            .find(|(invited, _)| *invited == id)
            .map(|(_, operator)| *operator)
    }

    /// Grants or takes a rank; whether that changed anything.
    ///
    /// # Errors
    /// Nobody of that nick is inside. Otherwise the nick as its owner spells it, if it was a change.
    pub fn rank(&mut self, set: bool, rank: Rank, nick: &str) -> Result<Option<String>, Refusal> {
        let id = self
            .by_nick(nick)
            .ok_or_else(|| Refusal::AbsentMember(nick.to_owned()))?;
        let Some(member) = self.members.get_mut(&id) else {
            return Ok(None);
        };
        let slot = if rank == Rank::Operator {
            &mut member.operator
        } else {
            &mut member.voice
        };
        let changed = std::mem::replace(slot, set) != set;
        Ok(changed.then(|| member.profile.nick.clone()))
    }

    /// The members of rank.
    pub fn ranks(&self) -> Ranks {
        let ranked = self
            .members
            .iter()
            .filter(|(_, member)| member.operator || member.voice);
        ranked
            .map(|(id, member)| (*id, member.operator, member.voice))
            .collect()
    }
}

impl<P> Member<P> {
    /// The signs before the nick: the highest, or all of them for a client with `multi-prefix`.
    pub fn prefix(&self, all: bool) -> &'static str {
        match (self.operator, self.voice) {
            (true, true) if all => "@+",
            (true, _) => "@",
            (false, true) => "+",
            (false, false) => "",
        }
    }

    /// Whether a message for those with at least this sign is for them.
    pub fn reaches(&self, sign: Option<char>) -> bool {
        match sign {
            None => true,
            Some('@') => self.operator,
            Some(_) => self.operator || self.voice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::mode::{Change, Flag};

    fn channel() -> Channel<()> {
        let mut channel = Channel::new("#c".to_owned(), Charter::new(0));
        channel.enter(1, Profile::of("Ann"), ());
        channel.enter(2, Profile::of("bob"), ());
        channel
    }

    #[test]
    fn the_first_one_in_is_operator() {
        let channel = channel();
        assert!(channel.operator(1).is_ok());
        assert_eq!(channel.operator(2).unwrap_err(), Refusal::NotOperator);
        assert_eq!(channel.operator(3).unwrap_err(), Refusal::NotInside);
    }

    #[test]
    fn kicking_wants_an_operator_and_a_member() {
        let channel = channel();
        assert_eq!(channel.kickable(1, "BOB"), Ok(2));
        assert_eq!(channel.kickable(2, "ann"), Err(Refusal::NotOperator));
        assert_eq!(channel.kickable(1, "eve"), Err(Refusal::AbsentMember("eve".to_owned())));
    }

    #[test]
    fn inviting_to_a_closed_channel_wants_an_operator() {
        let mut channel = channel();
        assert_eq!(channel.invite(2, 3, "eve", 9), Ok(()));
        assert_eq!(channel.invitation(3), Some(false));
        channel.charter.change(&Change::Flag(true, Flag::InviteOnly), "", 0, 9);
        assert_eq!(channel.invite(2, 3, "eve", 9), Err(Refusal::NotOperator));
        assert_eq!(channel.invite(1, 3, "eve", 9), Ok(()));
        assert_eq!(channel.invitation(3), Some(true));
        assert_eq!(
            channel.invite(1, 2, "bob", 9),
            Err(Refusal::AlreadyInside("bob".to_owned()))
        );
        channel.enter(3, Profile::of("eve"), ());
        assert_eq!(channel.invitation(3), None);
    }

    #[test]
    fn old_invitations_are_forgotten() {
        let mut channel = channel();
        for guest in 10..20 {
            channel.invite(1, guest, "x", 3).unwrap();
        }
        assert_eq!((channel.invitation(16), channel.invitation(17)), (None, Some(true)));
    }

    #[test]
    fn ranks_survive_by_their_list() {
        let mut channel = channel();
        assert_eq!(channel.rank(true, Rank::Voice, "BOB"), Ok(Some("bob".to_owned())));
        assert_eq!(channel.rank(true, Rank::Voice, "bob"), Ok(None));
        let ranks = channel.ranks();
        let mut again = Channel::new("#c".to_owned(), Charter::new(0));
        again.restore(1, Profile::of("Ann"), (), Stamp::default(), &ranks);
        again.restore(2, Profile::of("bob"), (), Stamp::default(), &ranks);
        assert_eq!(again.ranks(), ranks);
    }
}
