//! Statements of any kind as a tree, and the reader that makes them of tokens.

use super::super::token::{tokenize, Token};
use std::collections::BTreeSet;

/// A statement. Tokens are without blanks.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `begin .. end`.
    Block(Vec<Statement>),
    /// `if (condition) .. else ..`.
    If {
        /// Without its parentheses.
        condition: Vec<Token>,
        /// If it holds.
        then: Box<Statement>,
        /// If it does not.
        otherwise: Option<Box<Statement>>,
    },
    /// `for (head) ..`.
    For {
        /// Without its parentheses.
        head: Vec<Token>,
        /// What is repeated.
        body: Box<Statement>,
    },
    /// `case (subject) label: .. endcase`.
    Case {
        /// `case` or a relative of it.
        kind: String,
        /// Without its parentheses.
        subject: Vec<Token>,
        /// Label and statement.
        arms: Vec<(Vec<Token>, Statement)>,
    },
    /// `target = value;`, or with `<=` if `delayed`.
    Assign {
        /// A name, and an index if there is one.
        target: Vec<Token>,
        /// `<=`.
        delayed: bool,
        /// The right-hand side.
        value: Vec<Token>,
    },
}

/// The words among tokens.
fn words(tokens: &[Token]) -> impl Iterator<Item = String> + '_ {
    tokens.iter().filter_map(|t| match t {
        Token::Word(w) => Some(w.clone()),
        _ => None,
    })
}

/// Tokens as text, with blanks only where words and numbers meet or where a mark would run into its neighbour.
fn text(tokens: &[Token]) -> String {
    let mut out = String::new();
    for token in tokens {
        let token = token.text();
        let ends_open = out.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$');
        if ends_open && token.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$') {
            out.push(' ');
        }
        out.push_str(&token);
    }
    out
}

impl Statement {
    /// The statement with other names.
    pub fn renamed(&self, rename: &dyn Fn(&str) -> String) -> Statement {
        let tokens = |tokens: &[Token]| -> Vec<Token> {
            let renamed = |t: &Token| match t {
                Token::Word(w) => Token::Word(rename(w)),
                t => t.clone(),
            };
            tokens.iter().map(renamed).collect()
        };
        match self {
            Statement::Block(inner) => Statement::Block(inner.iter().map(|s| s.renamed(rename)).collect()),
            Statement::If { condition, then, otherwise } => Statement::If {
                condition: tokens(condition),
                then: Box::new(then.renamed(rename)),
                otherwise: otherwise.as_ref().map(|s| Box::new(s.renamed(rename))),
            },
            Statement::For { head, body } => Statement::For { head: tokens(head), body: Box::new(body.renamed(rename)) },
            Statement::Case { kind, subject, arms } => Statement::Case {
                kind: kind.clone(),
                subject: tokens(subject),
                arms: arms.iter().map(|(label, s)| (tokens(label), s.renamed(rename))).collect(),
            },
            Statement::Assign { target, delayed, value } => {
                Statement::Assign { target: tokens(target), delayed: *delayed, value: tokens(value) }
            }
        }
    }

    /// Adds the names that are assigned to `writes`, all others to `reads`.
    pub fn names(&self, writes: &mut BTreeSet<String>, reads: &mut BTreeSet<String>) {
        match self {
            Statement::Block(inner) => inner.iter().for_each(|s| s.names(writes, reads)),
            Statement::If { condition, then, otherwise } => {
                reads.extend(words(condition));
                then.names(writes, reads);
                otherwise.iter().for_each(|s| s.names(writes, reads));
            }
            Statement::For { head, body } => {
                reads.extend(words(head));
                body.names(writes, reads);
            }
            Statement::Case { subject, arms, .. } => {
                reads.extend(words(subject));
                for (label, statement) in arms {
                    reads.extend(words(label));
                    statement.names(writes, reads);
                }
            }
            Statement::Assign { target, value, .. } => {
                writes.extend(words(&target[..1]));
                reads.extend(words(&target[1..]));
                reads.extend(words(value));
            }
        }
    }

    /// Appends the text. With `flag`, that variable is set wherever a delayed assignment changes its target.
    ///
    /// The comparison may be wider than the target, so it may find a difference where the assigned bits are equal, never the
    /// other way round.
    pub fn print(&self, flag: Option<&str>, out: &mut String) {
        match self {
            Statement::Block(inner) => inner.iter().for_each(|s| s.print(flag, out)),
            Statement::If { condition, then, otherwise } => {
                out.push_str(&format!("if ({}) begin\n", text(condition)));
                then.print(flag, out);
                out.push_str("end\n");
                if let Some(statement) = otherwise {
                    out.push_str("else begin\n");
                    statement.print(flag, out);
                    out.push_str("end\n");
                }
            }
            Statement::For { head, body } => {
                out.push_str(&format!("for ({}) begin\n", text(head)));
                body.print(flag, out);
                out.push_str("end\n");
            }
            Statement::Case { kind, subject, arms } => {
                out.push_str(&format!("{kind} ({})\n", text(subject)));
                for (label, statement) in arms {
                    out.push_str(&format!("{}: begin\n", text(label)));
                    statement.print(flag, out);
                    out.push_str("end\n");
                }
                out.push_str("endcase\n");
            }
            Statement::Assign { target, delayed, value } => {
                let (target, value) = (text(target), text(value));
                if let (true, Some(flag)) = (delayed, flag) {
                    out.push_str(&format!("if ({target} != ({value})) {flag} = 1'h1;\n"));
                }
                out.push_str(&format!("{target} {} {value};\n", if *delayed { "<=" } else { "=" }));
            }
        }
    }
}

/// Reads a text from its start. What it does not find comes back as a message with the place.
pub struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    /// Over that text; blanks and comments count for nothing.
    pub fn new(text: &str) -> Self {
        Reader { tokens: tokenize(text).into_iter().filter(|t| !t.is_blank()).collect(), at: 0 }
    }

    /// Whether all is read.
    pub fn ended(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Whether this word is next.
    pub fn is_word(&self, word: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|t| t.is_word(word))
    }

    /// Whether this mark is next.
    pub fn is_mark(&self, mark: char) -> bool {
        self.tokens.get(self.at) == Some(&Token::Mark(mark))
    }

    /// A message that something else is expected here.
    pub fn wrong(&self, expected: &str) -> String {
        let here: Vec<String> = self.tokens.iter().skip(self.at.saturating_sub(8)).take(16).map(Token::text).collect();
        format!("{expected} is expected in '{}'", here.join(" "))
    }

    fn take(&mut self, there: bool, expected: &str) -> Result<(), String> {
        if !there {
            return Err(self.wrong(expected));
        }
        self.at += 1;
        Ok(())
    }

    /// Takes this word.
    pub fn word(&mut self, word: &str) -> Result<(), String> {
        self.take(self.is_word(word), word)
    }

    /// Takes this mark.
    pub fn mark(&mut self, mark: char) -> Result<(), String> {
        self.take(self.is_mark(mark), &mark.to_string())
    }

    /// Takes a word.
    pub fn name(&mut self) -> Result<String, String> {
        match self.tokens.get(self.at).cloned() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.wrong("a name")),
        }
    }

    /// Takes all from an opening mark to the one that closes it; gives what stands between them.
    pub fn enclosed(&mut self, open: char, close: char) -> Result<Vec<Token>, String> {
        self.mark(open)?;
        let (start, mut depth) = (self.at, 1);
        while depth > 0 {
            match self.tokens.get(self.at) {
                None => return Err(self.wrong(&close.to_string())),
                Some(Token::Mark(c)) if *c == open => depth += 1,
                Some(Token::Mark(c)) if *c == close => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        Ok(self.tokens[start..self.at - 1].to_vec())
    }

    /// Takes all up to one of these marks outside of any parentheses, which stays.
    pub fn until(&mut self, ends: &[char]) -> Result<Vec<Token>, String> {
        let (start, mut depth) = (self.at, 0);
        loop {
            match self.tokens.get(self.at) {
                None => return Err(self.wrong("an end")),
                Some(Token::Mark(c)) if depth == 0 && ends.contains(c) => return Ok(self.tokens[start..self.at].to_vec()),
                Some(Token::Mark('(' | '[' | '{')) => depth += 1,
                Some(Token::Mark(')' | ']' | '}')) => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Takes a statement.
    pub fn statement(&mut self) -> Result<Statement, String> {
        let Some(Token::Word(first)) = self.tokens.get(self.at).cloned() else { return Err(self.wrong("a statement")) };
        match first.as_str() {
            "begin" => {
                self.at += 1;
                let mut inner = Vec::new();
                while !self.is_word("end") {
                    inner.push(self.statement()?);
                }
                self.at += 1;
                Ok(Statement::Block(inner))
            }
            "if" => {
                self.at += 1;
                let condition = self.enclosed('(', ')')?;
                let then = Box::new(self.statement()?);
                let mut otherwise = None;
                if self.is_word("else") {
                    self.at += 1;
                    otherwise = Some(Box::new(self.statement()?));
                }
                Ok(Statement::If { condition, then, otherwise })
            }
            "for" => {
                self.at += 1;
                Ok(Statement::For { head: self.enclosed('(', ')')?, body: Box::new(self.statement()?) })
            }
            "case" | "casez" | "casex" => {
                self.at += 1;
                let subject = self.enclosed('(', ')')?;
                let mut arms = Vec::new();
                while !self.is_word("endcase") {
                    let label = self.until(&[':'])?;
                    self.mark(':')?;
                    arms.push((label, self.statement()?));
                }
                self.at += 1;
                Ok(Statement::Case { kind: first, subject, arms })
            }
            _ => {
                let target = self.until(&['=', '<'])?;
                let delayed = self.is_mark('<');
                self.at += usize::from(delayed);
                self.mark('=')?;
                let value = self.until(&[';'])?;
                self.mark(';')?;
                Ok(Statement::Assign { target, delayed, value })
            }
        }
    }
}
