//! The archive as tools for language models, by the Model Context Protocol: over the process's own input and output, or
//! over HTTP inside the server. What answers is what answers the API, so access and tenants are the same.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`handler`] | requests of the protocol |
//! | [`tools`] | what can be asked for |
//! | [`arguments`] | what a tool takes |
//! | [`asking`] | a call of a tool, as a request |
//! | [`days`], [`entities`], [`context`] | what answers |
//! | [`rests`] | what answers about entities rest on |
//! | [`told`] | an answer, within a budget |
//! | [`resources`] | days as resources |
//! | [`instructions`] | what a model is told of all this |
//! | [`stdio`], [`http`] | how messages come |

pub mod arguments;
pub mod asking;
pub mod context;
pub mod days;
pub mod entities;
pub mod handler;
pub mod http;
pub mod instructions;
pub mod resources;
pub mod rests;
pub mod stdio;
pub mod told;
pub mod tools;
