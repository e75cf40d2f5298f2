"""TensorFlow's own operation for an LSTM, BlockLSTMV2, which `LSTMBlockFusedCell` of TensorFlow 1 runs."""

from .cases import in_calls


def tensorflow_devices():
    """The devices that TensorFlow finds here."""
    import tensorflow

    return ("cpu", *(["cuda"] if tensorflow.config.list_physical_devices("GPU") else []))


def call_tensorflow(made, case, parts):
    """Run BlockLSTMV2 on `case`, layer by layer: one kernel over [x; h], blocks i f g o, no forget bias."""
    import tensorflow as tf

    dtype, device = made

    def read(weights, x, h, C):
        peepholes = dict.fromkeys(("wci", "wcf", "wco"), tf.zeros(C.shape[2], dtype))
        _, Cs, _, _, _, _, hs = tf.raw_ops.BlockLSTMV2(
            **{"seq_len_max": tf.constant(len(x), "int64"), "x": x, "cs_prev": C[0], "h_prev": h[0]},
            **{"w": tf.concat([weights["kernel"], weights["recurrent_kernel"]], 0), "b": weights["bias"]},
            **{**peepholes, "cell_clip": 0, "use_peephole": False},
        )
        return hs, *(tf.stack([[a[t, row] for row, t in enumerate(case.ends(len(x)))]]) for a in (hs, Cs))

    with tf.device({"cuda": "GPU:0"}.get(device, device)):
        given = {name: tf.constant(array, dtype) for name, array in (case.read | case.tensors).items()}
        run = in_calls(parts, case.each_layer(read), lambda tensors: tf.concat(tensors, 0))
        return tensorflow_gradients(run, given, case.losses) if case.losses else run(given)


def tensorflow_gradients(run, given, losses):
    """Outputs of run(given), and the gradients of the loss with respect to all that is given."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(given)
        results = run(given)
        loss = sum(tf.reduce_sum(tf.cast(array, results[name].dtype) * results[name]) for name, array in losses.items())
    return results | {f"d_{name}": slope for name, slope in tape.gradient(loss, given).items()}
