//! Verilog text as tokens: enough to rename, compare and cut what RustHDL prints.

/// One token. Joined again, the tokens of a text give the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A name or a keyword.
    Word(String),
    /// A system task or function (`$readmemh`).
    System(String),
    /// A number, with its size and base if it has them.
    Number(String),
    /// A string literal.
    Text(String),
    /// A comment.
    Comment(String),
    /// White space.
    Space(String),
    /// Any other character.
    Mark(char),
}

impl Token {
    /// The text of the token.
    pub fn text(&self) -> String {
        match self {
            Token::Word(s) | Token::System(s) | Token::Number(s) | Token::Text(s) | Token::Comment(s) | Token::Space(s) => {
                s.clone()
            }
            Token::Mark(c) => c.to_string(),
        }
    }

    /// True for white space and comments.
    pub fn is_blank(&self) -> bool {
        matches!(self, Token::Space(_) | Token::Comment(_))
    }

    /// True if the token is this word.
    pub fn is_word(&self, word: &str) -> bool {
        matches!(self, Token::Word(w) if w == word)
    }
}

/// Splits a text into tokens. Every character lands in one token.
pub fn tokenize(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    let run = |from: usize, keep: &dyn Fn(char) -> bool| from + chars[from..].iter().take_while(|c| keep(**c)).count();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        let (end, make): (usize, fn(String) -> Token) = match c {
            c if c.is_whitespace() => (run(at, &char::is_whitespace), Token::Space),
            '/' if next == Some('/') => (run(at, &|c| c != '\n'), Token::Comment),
            '/' if next == Some('*') => {
                let close = (at + 2..chars.len()).find(|i| chars[*i] == '/' && chars[*i - 1] == '*' && *i > at + 2);
                (close.map_or(chars.len(), |i| i + 1), Token::Comment)
            }
            '"' => {
                let close = (at + 1..chars.len()).find(|i| chars[*i] == '"' && chars[*i - 1] != '\\');
                (close.map_or(chars.len(), |i| i + 1), Token::Text)
            }
            c if c.is_ascii_alphabetic() || c == '_' => (run(at, &is_word), Token::Word),
            '$' if next.is_some_and(is_word) => (run(at, &is_word), Token::System),
            c if c.is_ascii_digit() => {
                let size = run(at, &|c| c.is_ascii_digit() || c == '_');
                if chars.get(size) == Some(&'\'') {
                    let base = if matches!(chars.get(size + 1), Some('s' | 'S')) { size + 2 } else { size + 1 };
                    (run((base + 1).min(chars.len()), &|c| c.is_ascii_alphanumeric() || c == '_' || c == '?'), Token::Number)
                } else {
                    (size, Token::Number)
                }
            }
            c => {
                tokens.push(Token::Mark(c));
                at += 1;
                continue;
            }
        };
        tokens.push(make(chars[at..end].iter().collect()));
        at = end;
    }
    tokens
}

/// Joins tokens to a text.
pub fn join(tokens: &[Token]) -> String {
    tokens.iter().map(Token::text).collect()
}

/// A number with size and base as (bits, value); `None` for other forms and for `x` or `z` digits.
pub fn sized_number(text: &str) -> Option<(usize, u128)> {
    let (size, rest) = text.split_once('\'')?;
    let radix = match rest.chars().next()? {
        'h' | 'H' => 16,
        'd' | 'D' => 10,
        'b' | 'B' => 2,
        'o' | 'O' => 8,
        _ => return None,
    };
    Some((size.parse().ok()?, u128::from_str_radix(&rest[1..].replace('_', ""), radix).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        let text =
            "module top$a(x); /* c */ assign y = x[(3)+:(4)] & 4'hf; // d\n initial $display(\"a \\\" b\", 8'b1x0);\nendmodule";
        let tokens = tokenize(text);
        assert_eq!(join(&tokens), text);
        assert!(tokens.contains(&Token::Word("top$a".into())));
        assert!(tokens.contains(&Token::Number("4'hf".into())));
        assert!(tokens.contains(&Token::System("$display".into())));
        assert!(tokens.contains(&Token::Text("\"a \\\" b\"".into())));
        assert!(tokens.contains(&Token::Comment("/* c */".into())));
    }

    #[test]
    fn numbers() {
        assert_eq!(sized_number("32'h1f"), Some((32, 31)));
        assert_eq!(sized_number("3'b101"), Some((3, 5)));
        assert_eq!(sized_number("17"), None);
        assert_eq!(sized_number("4'hx"), None);
    }
}
