"""bfloat16 on processors that have no instructions for it, where torch multiplies tens of times more slowly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_ATEN = torch.ops.aten
_PRODUCTS = {
    _ATEN.mm.default,
    _ATEN.addmm.default,
    _ATEN.bmm.default,
    _ATEN.baddbmm.default,
    _ATEN.linear.default,  # these two are seen whole where no gradients are kept
    _ATEN.matmul.default,
}
_CPU = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)


def fast_bfloat16() -> AbstractContextManager[Any]:
    """Take products of bfloat16 in float32, and round them, where the processor is better at that.

    It is the same arithmetic: bfloat16 is exact in float32, and native products are summed in float32, too. Only the
    order of the sum may differ, as it does from processor to processor.
    """
    native = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return nullcontext() if native or torch.cuda.is_available() else _InFloat32()


class _InFloat32(TorchDispatchMode):  # type: ignore[misc]  # torch is untyped here
    """Takes products of bfloat16 in float32; below autograd, so that gradients are, too."""

    def __torch_dispatch__(
        self, func: Any, types: Sequence[Any], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in _PRODUCTS and args[0].dtype is torch.bfloat16:
            wide = (arg.float() if isinstance(arg, torch.Tensor) else arg for arg in args)
            return func(*wide, **(kwargs or {})).bfloat16()
        if func.namespace == "bitsandbytes":
            with self:  # the products inside its kernels, too
                return func.redispatch(_CPU, *args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))
