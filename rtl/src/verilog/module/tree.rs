//! The statements of an `always @(*)` block as a tree, and back.

use super::super::token::{join, Token};
use std::ops::Range;

/// A statement. Texts are without the blanks around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// `target = value;`, the target with its index if it has one.
    Assign {
        /// The variable.
        target: String,
        /// Words that the statement reads, the target's index included.
        reads: Vec<String>,
        /// The whole statement.
        text: String,
    },
    /// `if (condition) begin .. end else begin .. end`.
    If {
        /// Words in the condition.
        reads: Vec<String>,
        /// The condition, parentheses included.
        condition: String,
        /// If it holds.
        then: Vec<Statement>,
        /// If it does not.
        otherwise: Vec<Statement>,
    },
    /// `case (subject) label: begin .. end .. endcase`.
    Case {
        /// Words in the subject and the labels.
        reads: Vec<String>,
        /// The subject, parentheses included.
        subject: String,
        /// Label and statements.
        arms: Vec<(String, Vec<Statement>)>,
    },
}

/// A parser over the solid tokens of a module's body.
pub struct Parser<'a> {
    body: &'a [Token],
    solid: Vec<usize>,
    at: usize,
}

impl<'a> Parser<'a> {
    /// Over that body, from its start.
    pub fn new(body: &'a [Token]) -> Self {
        Parser { body, solid: (0..body.len()).filter(|i| !body[*i].is_blank()).collect(), at: 0 }
    }

    /// The next `always @(*) begin .. end`: its tokens and its statements. One that has something else in it is left out.
    pub fn next_block(&mut self) -> Option<(Range<usize>, Vec<Statement>)> {
        while self.at < self.solid.len() {
            let start = self.at;
            self.at += 1;
            if !self.word_at(start, "always") || !self.marks(start + 1, "@(*)") {
                continue;
            }
            self.at = start + 5;
            if let Some(statements) = self.block() {
                return Some((self.solid[start]..self.solid[self.at - 1] + 1, statements));
            }
        }
        None
    }

    fn token(&self, k: usize) -> Option<&'a Token> {
        self.solid.get(k).map(|i| &self.body[*i])
    }

    fn word_at(&self, k: usize, word: &str) -> bool {
        self.token(k).is_some_and(|t| t.is_word(word))
    }

    fn marks(&self, k: usize, text: &str) -> bool {
        text.chars().enumerate().all(|(n, c)| self.token(k + n) == Some(&Token::Mark(c)))
    }

    /// Takes this word, or says no.
    fn take(&mut self, word: &str) -> Option<()> {
        let there = self.word_at(self.at, word);
        self.at += usize::from(there);
        there.then_some(())
    }

    /// `begin .. end`.
    fn block(&mut self) -> Option<Vec<Statement>> {
        self.take("begin")?;
        let mut statements = Vec::new();
        while self.take("end").is_none() {
            statements.push(self.statement()?);
        }
        Some(statements)
    }

    /// From an opening parenthesis to the one that closes it.
    fn parentheses(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let mut depth = 0usize;
        while let Some(token) = self.token(self.at) {
            self.at += 1;
            match token {
                Token::Mark('(') => depth += 1,
                Token::Mark(')') => depth = depth.checked_sub(1)?,
                Token::Mark(';') => return None,
                _ => {}
            }
            if depth == 0 {
                return (self.at > start + 1).then_some(start..self.at);
            }
        }
        None
    }

    fn text(&self, range: Range<usize>) -> String {
        match (self.solid.get(range.start), self.solid.get(range.end - 1)) {
            (Some(first), Some(last)) => join(&self.body[*first..=*last]),
            _ => String::new(),
        }
    }

    fn words(&self, range: Range<usize>) -> Vec<String> {
        let word = |k: usize| match self.token(k) {
            Some(Token::Word(w)) => Some(w.clone()),
            _ => None,
        };
        range.filter_map(word).collect()
    }

    fn statement(&mut self) -> Option<Statement> {
        if self.take("if").is_some() {
            let condition = self.parentheses()?;
            let then = self.block()?;
            let otherwise = match self.take("else") {
                None => Vec::new(),
                Some(()) if self.word_at(self.at, "if") => vec![self.statement()?],
                Some(()) => self.block()?,
            };
            return Some(Statement::If {
                reads: self.words(condition.clone()),
                condition: self.text(condition),
                then,
                otherwise,
            });
        }
        if self.take("case").is_some() {
            let subject = self.parentheses()?;
            let mut reads = self.words(subject.clone());
            let mut arms = Vec::new();
            while self.take("endcase").is_none() {
                let start = self.at;
                while !matches!(self.token(self.at)?, Token::Mark(':')) {
                    matches!(self.token(self.at)?, Token::Word(_) | Token::Number(_) | Token::Mark(',')).then_some(())?;
                    self.at += 1;
                }
                let label = start..self.at;
                self.at += 1;
                reads.extend(self.words(label.clone()));
                let statements = if self.word_at(self.at, "begin") { self.block()? } else { vec![self.statement()?] };
                arms.push((self.text(label), statements));
            }
            return Some(Statement::Case { reads, subject: self.text(subject), arms });
        }
        let start = self.at;
        let Some(Token::Word(target)) = self.token(start) else { return None };
        while !self.marks(self.at, ";") {
            self.token(self.at)?;
            self.at += 1;
        }
        self.at += 1;
        let equals = (start + 1..self.at).find(|k| self.marks(*k, "="))?;
        let plain = equals == start + 1 || self.marks(start + 1, "[");
        let blocking = !self.marks(equals - 1, "<") && !self.marks(equals + 1, "=");
        (plain && blocking).then(|| Statement::Assign {
            target: target.clone(),
            reads: self.words(start + 1..self.at),
            text: self.text(start..self.at),
        })
    }
}

/// Statements as text, each line indented by four blanks a level and ended.
pub fn print(statements: &[Statement], level: usize, out: &mut String) {
    let indent = "    ".repeat(level);
    for statement in statements {
        match statement {
            Statement::Assign { text, .. } => out.push_str(&format!("{indent}{text}\n")),
            Statement::If { condition, then, otherwise, .. } => {
                out.push_str(&format!("{indent}if {condition} begin\n"));
                print(then, level + 1, out);
                out.push_str(&format!("{indent}end\n"));
                if !otherwise.is_empty() {
                    out.push_str(&format!("{indent}else begin\n"));
                    print(otherwise, level + 1, out);
                    out.push_str(&format!("{indent}end\n"));
                }
            }
            Statement::Case { subject, arms, .. } => {
                out.push_str(&format!("{indent}case {subject}\n"));
                for (label, statements) in arms {
                    out.push_str(&format!("{indent}    {label}: begin\n"));
                    print(statements, level + 2, out);
                    out.push_str(&format!("{indent}    end\n"));
                }
                out.push_str(&format!("{indent}endcase\n"));
            }
        }
    }
}
