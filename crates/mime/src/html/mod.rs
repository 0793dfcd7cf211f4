//! HTML of messages as a flat list of pieces: well nested, and sorted into what a reader sees and what not.
//!
//! Tokens come from a tokenizer crate that follows the HTML standard; this module closes what authors forgot to close
//! and decides about visibility. Nothing is ever loaded: a message that hides text by a sheet from elsewhere is not found out.

mod colour;
mod colour_names;
mod element;
mod look;
mod pieces;
mod sheet;
mod tokenizer;

pub(crate) use element::{Element, Role};
pub(crate) use pieces::{Beginning, Piece, Tag, Veil, read, veil};
