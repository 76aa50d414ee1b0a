//! The HTTP edge: routes by area, problem documents, who is calling, pages of lists.

pub mod auth;
pub mod page;
pub mod problem;
pub mod tags;
pub mod views;
pub mod visitor;
