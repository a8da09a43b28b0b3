"""Between requests and the model: the queue, the batches, the threads."""
