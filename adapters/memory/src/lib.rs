//! Storage in memory: the model.
