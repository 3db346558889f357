//! Parts that the tests of every crate share.
