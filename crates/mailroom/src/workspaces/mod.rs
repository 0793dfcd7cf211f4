//! Workspaces: groups of accounts that policies and rules apply to.

mod assign;
mod auto_group;
mod create;
mod delete;
mod governance;
mod moving;
mod update;
mod view;

pub use assign::Assignment;
pub use auto_group::{AutoGroup, AutoGrouped};
pub use create::NewWorkspace;
pub use governance::Governance;
pub use update::WorkspaceChanges;
pub use view::WorkspaceView;

pub(crate) use view::find_workspace;
