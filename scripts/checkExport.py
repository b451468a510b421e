"""Opens exported checkpoint folders with ONNX Runtime in Python and prints, as one line of JSON each, the logits after a
prompt and the tokens that the model writes greedily: whole text at every step, no cache, nothing of this project between.

    python3 scripts/checkExport.py PROMPT_IDS STEPS FOLDER...      (PROMPT_IDS: 1,17,30; needs onnxruntime and numpy)
"""

import json
import pathlib
import sys

import numpy
import onnxruntime

TYPES = {"tensor(float)": numpy.float32, "tensor(float16)": numpy.float16,
         "tensor(int64)": numpy.int64, "tensor(int32)": numpy.int32}


def model_in(folder):
    for name in ("onnx/model.onnx", "model.onnx"):
        if (folder / name).exists():
            return folder / name
    return next(folder.rglob("*.onnx"))


def last_row(session, tokens):
    length = len(tokens)
    feeds = {}
    for port in session.get_inputs():
        kind = TYPES[port.type]
        if port.name == "input_ids":
            feeds[port.name] = numpy.array([tokens], kind)
        elif port.name == "attention_mask":
            feeds[port.name] = numpy.ones((1, length), kind)
        elif port.name == "position_ids":
            feeds[port.name] = numpy.arange(length, dtype=kind)[None]
        else:
            feeds[port.name] = numpy.zeros((1, port.shape[1], 0, port.shape[3]), kind)
    return session.run(["logits"], feeds)[0][0, -1].astype(numpy.float32)


def main():
    prompt = [int(token) for token in sys.argv[1].split(",")]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    for name in sys.argv[3:]:
        path = str(model_in(pathlib.Path(name)))
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        tokens = list(prompt)
        first = last_row(session, tokens)
        for _ in range(int(sys.argv[2])):
            tokens.append(int(last_row(session, tokens).argmax()))
        print(json.dumps({"folder": name, "logits": [float(x) for x in first], "greedy": tokens[len(prompt):],
                          "onnxruntime": onnxruntime.__version__}))


main()
