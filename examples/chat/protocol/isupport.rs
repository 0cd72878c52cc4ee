//! `RPL_ISUPPORT`: every limit and choice of this server, told to the client.

use super::mode::MODES_PER_COMMAND_MAX;
use super::name::{CHANNEL_BYTES_MAX, KEY_BYTES_MAX, NICK_BYTES_MAX, USER_BYTES_MAX};
use crate::config::{Config, HOST_BYTES_MAX};

/// Tokens in one reply: fifteen parameters less the nick and the text behind.
const TOKENS_PER_LINE: usize = 12;

/// All tokens, in groups that each fit one reply.
pub fn lines(config: &Config) -> Vec<Vec<String>> {
    let limits = &config.limits;
    let targets = limits.targets_per_command_max;
    let tokens = [
        format!("AWAYLEN={}", limits.text_bytes_max),
        "CASEMAPPING=ascii".to_owned(),
        format!("CHANLIMIT=#:{}", limits.channels_per_user_max),
        "CHANMODES=beI,k,l,imnst".to_owned(),
        format!("CHANNELLEN={CHANNEL_BYTES_MAX}"),
        "CHANTYPES=#".to_owned(),
        "ELIST=CMNTU".to_owned(),
        "EXCEPTS=e".to_owned(),
        format!("HOSTLEN={HOST_BYTES_MAX}"),
        "INVEX=I".to_owned(),
        format!("KEYLEN={KEY_BYTES_MAX}"),
        format!("KICKLEN={}", limits.text_bytes_max),
        "LINELEN=512".to_owned(),
        format!("MAXLIST=beI:{}", limits.masks_per_channel_max),
        format!("MAXTARGETS={targets}"),
        format!("MODES={MODES_PER_COMMAND_MAX}"),
        format!("MONITOR={}", limits.monitored_per_user_max),
        format!("NAMELEN={}", limits.text_bytes_max),
        format!("NETWORK={}", escaped(&config.network)),
        format!("NICKLEN={NICK_BYTES_MAX}"),
        "PREFIX=(ov)@+".to_owned(),
        "STATUSMSG=@+".to_owned(),
        format!(
            "TARGMAX=JOIN:,PART:,PRIVMSG:{targets},NOTICE:{targets},TAGMSG:{targets},KICK:{targets},NAMES:1,LIST:1,\
             WHOIS:1,WHOWAS:1,KILL:1"
        ),
        format!("TOPICLEN={}", limits.text_bytes_max),
        format!("USERLEN={USER_BYTES_MAX}"),
        "UTF8ONLY".to_owned(),
        "WHOX".to_owned(),
    ];
    tokens.chunks(TOKENS_PER_LINE).map(<[String]>::to_vec).collect()
}

/// A value's blanks, backslashes and `=` as `\xHH`.
fn escaped(value: &str) -> String {
    let mut text = String::new();
    for char in value.chars() {
        match char {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => text.push(char),
            _ => {
                let mut bytes = [0; 4];
                for byte in char.encode_utf8(&mut bytes).bytes() {
                    text.push_str(&format!("\\x{byte:02X}"));
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_ascii_and_few_enough_for_a_line() {
        let config = Config {
            network: "Zoë's net".to_owned(),
            ..Config::default()
        };
        let lines = lines(&config);
        assert!(
            lines
                .iter()
                .all(|line| line.len() <= 13 && line.iter().all(|token| token.is_ascii()))
        );
        assert!(
            lines
                .concat()
                .contains(&"NETWORK=Zo\\xC3\\xAB\\x27s\\x20net".to_owned())
        );
        assert!(lines.iter().all(|line| line.join(" ").len() < 400));
    }
}
