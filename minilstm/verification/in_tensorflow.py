"""TensorFlow's own operation for an LSTM, BlockLSTMV2, which `LSTMBlockFusedCell` of TensorFlow 1 runs."""


def make_tensorflow(case, dtype, device):
    """Where and in which precision to run it."""
    return dtype, {"cuda": "GPU:0"}.get(device, device)


def tensorflow_devices():
    """The devices that TensorFlow finds here."""
    import tensorflow

    return ("cpu", *(["cuda"] if tensorflow.config.list_physical_devices("GPU") else []))


def call_tensorflow(made, case, parts):
    """What BlockLSTMV2 makes of `case`, layer by layer: one kernel over [x; h], blocks i f g o, no forget bias."""
    import tensorflow as tf

    dtype, place = made
    with tf.device(place), tf.GradientTape() as tape:
        given = {name: tf.constant(array, dtype) for name, array in case.given.items()}
        tape.watch(given)
        h, C, said = list(tf.unstack(given["h_0"])), list(tf.unstack(given["C_0"])), []
        for x in tf.split(given["x"], parts):
            for k in range(case.layers):
                weights = case.of_layer(k, given)
                peepholes = dict.fromkeys(("wci", "wcf", "wco"), tf.zeros(C[k].shape[1], dtype))
                kernel = tf.concat([weights["kernel"], weights["recurrent_kernel"]], 0)
                _, Cs, _, _, _, _, hs = tf.raw_ops.BlockLSTMV2(
                    **{"seq_len_max": tf.constant(len(x), "int64"), "x": x, "cs_prev": C[k], "h_prev": h[k]},
                    **{"w": kernel, "b": weights["bias"], **peepholes, "cell_clip": 0, "use_peephole": False},
                )
                h[k], C[k] = (tf.stack([a[t, row] for row, t in enumerate(case.ends(len(x)))]) for a in (hs, Cs))
                x = hs
            said.append(x)
        results = {"output": tf.concat(said, 0), "h_n": tf.stack(h), "C_n": tf.stack(C)}
        loss = sum(tf.reduce_sum(tf.constant(a, dtype) * results[name]) for name, a in case.losses.items())
    slopes = tape.gradient(loss, given) if case.losses else {}
    results |= {f"d_{name}": slope for name, slope in slopes.items()}
    return {name: tf.cast(array, "float64").numpy() for name, array in results.items()}
