//! Numbers as hexadecimal text in program files: addresses and register values are read by people.

use serde::{de::Error, Deserialize, Deserializer, Serializer};

pub(super) fn serialize<T: Copy + Into<u64>, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{:#x}", (*value).into()))
}

pub(super) fn deserialize<'de, T: TryFrom<u64>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits = text.strip_prefix("0x").ok_or_else(|| D::Error::custom(format!("'{text}' does not start with 0x")))?;
    let value = u64::from_str_radix(digits, 16).map_err(|_| D::Error::custom(format!("'{text}' is no hexadecimal number")))?;
    T::try_from(value).map_err(|_| D::Error::custom(format!("'{text}' is too large here")))
}
