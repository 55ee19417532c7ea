//! Two meshes in one process.
