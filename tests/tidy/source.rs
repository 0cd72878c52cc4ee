//! A Rust file as the rules see it: its code without comments, without the contents of strings, and without test
//! modules.

/// One file.
pub(super) struct Source {
    /// From the root of the workspace, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// `text` with comments and the contents of strings blanked; lines stay where they were.
    pub(super) code: String,
    /// `code` without `#[cfg(test)]` modules.
    pub(super) shipped: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = blank_prose(text);
        let shipped = blank_test_modules(&code);
        Self {
            path: path.replace('\\', "/"),
            text: text.to_owned(),
            code,
            shipped,
        }
    }

    /// Lines of `shipped` with anything on them.
    pub(super) fn code_lines(&self) -> usize {
        self.shipped.lines().filter(|line| !line.trim().is_empty()).count()
    }
}

/// The number of the line that holds the byte `at`, from one.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text[..at].bytes().filter(|&byte| byte == b'\n').count() + 1
}

/// Where `word` stands in `code` as a whole word.
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let in_name = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let bytes = code.as_bytes();
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        !in_name(before) && !in_name(bytes.get(at + word.len()))
    })
}

fn blank_prose(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (skip, keep) = match rest {
            [b'/', b'/', ..] => (until(rest, b"\n"), 0),
            [b'/', b'*', ..] => (block_comment(rest), 0),
            [b'"', ..] => (string(rest), 1),
            [b'r', b'"' | b'#', ..] if !follows_name(bytes, at) => (raw_string(rest), 1),
            [b'\'', b'\\', _, tail @ ..] => (3 + until(tail, b"'") + 1, 1),
            // One character of any width, then the closing quote: anything else is a lifetime.
            [b'\'', first, tail @ ..] => match tail.iter().take(4).position(|&byte| byte == b'\'') {
                Some(0) => (3, 1),
                Some(width) if !first.is_ascii() => (width + 3, 1),
                _ => (1, 1),
            },
            _ => (1, 1),
        };
        let end = (at + skip.max(1)).min(bytes.len());
        if skip > 1 {
            blank(&mut out[at + keep..end - keep.min(end - at - 1)]);
        }
        at = end;
    }
    String::from_utf8(out).expect("whole characters were blanked")
}

/// Spaces over everything but line ends, byte for byte.
fn blank(bytes: &mut [u8]) {
    for byte in bytes {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn until(bytes: &[u8], end: &[u8]) -> usize {
    bytes
        .windows(end.len())
        .position(|window| window == end)
        .unwrap_or(bytes.len())
}

fn block_comment(bytes: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn string(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

fn raw_string(bytes: &[u8]) -> usize {
    let hashes = bytes[1..].iter().take_while(|&&byte| byte == b'#').count();
    if bytes.get(1 + hashes) != Some(&b'"') {
        return 1;
    }
    let end: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let body = 2 + hashes;
    body + until(&bytes[body..], &end) + end.len()
}

fn follows_name(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| bytes[at]);
    before.is_some_and(|byte| byte.is_ascii_alphanumeric() && byte != b'b' || byte == b'_')
}

fn blank_test_modules(code: &str) -> String {
    let mut out = code.as_bytes().to_vec();
    for (at, _) in code.match_indices("#[cfg(test)]") {
        let Some(open) = code[at..].find(['{', ';']).map(|open| at + open) else {
            continue;
        };
        let is_module = words(&code[at..open], "mod").next().is_some();
        let end = if code.as_bytes()[open] == b'{' {
            open + braces(&code[open..])
        } else {
            open + 1
        };
        if is_module {
            blank(&mut out[at..end]);
        }
    }
    String::from_utf8(out).expect("whole characters were blanked")
}

/// How far the brace that begins `code` reaches.
fn braces(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at + 1,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

#[test]
fn comments_and_strings_are_not_code() {
    let text = "let a = \"tokio \\\" tokio\"; // tokio\n/* tokio /* tokio */ tokio */ let b = r#\"tokio \" \"#; let c = '\"'; let d: &'static str = b; let e = 'ü'; tokio";
    let source = Source::new("a.rs", text);
    assert_eq!(words(&source.code, "tokio").count(), 1, "{}", source.code);
    assert!(source.code.contains("&'static str"), "{}", source.code);
    assert_eq!(source.code.len(), text.len());
}

#[test]
fn test_modules_are_not_shipped() {
    let source = Source::new(
        "a.rs",
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { {} }\n}\nfn c() {}\n",
    );
    assert!(source.shipped.contains("fn a") && source.shipped.contains("fn c"));
    assert!(!source.shipped.contains("fn b"));
    assert_eq!(source.code_lines(), 2);
}

#[test]
fn a_word_is_not_a_part_of_a_name() {
    assert_eq!(words("rand brand random rand_core r.rand()", "rand").count(), 2);
}
