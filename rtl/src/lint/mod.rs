//! Rules that RustHDL does not check.
