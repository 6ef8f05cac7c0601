"""The compiled loop: one pass over trees for a run of draws, each tree drawn anew from its own counters.

For tree i and draw j the counter (j, number of the tree, occasion) gives four 32-bit words under the key of the run,
hence one uniform number each for diameter, height, density and residual (28 bits each); the four low bits of each
word together choose the component of the diameter error (16 bits). So a draw depends on the seed, the tree and j
only, not on threads, blocks, groups or which sources are switched on.

A call works on a run of at most :data:`WIDTH` draws and keeps them in the first-level cache; trees are added to
their cell in the order of the table. A form with a subtracted term gives 0 where it would be negative. Cutting draws
into other runs or threads changes nothing, to the last bit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from tanhui.mrv.uncertainty.numerics import exp, inlined, ln, normal_quantile, philox, uniform

__all__ = ["WIDTH", "add_trees", "shared_normals", "shared_uniforms"]

#: Draws worked on at once.
WIDTH = 256
_LOW_NIBBLE = np.uint64(15)
_MASK = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_SHARED = np.uint64(1)
_SQRT2 = math.sqrt(2.0)


@njit(cache=True, nogil=True, error_model="numpy")
def shared_normals(key: Any, component: int, first: int, out: Any) -> None:  # pragma: no cover - compiled
    """Standard normal draws ``first`` ... of one shared factor, written into ``out``."""
    k0, k1 = key & _MASK, key >> _HALF
    for j in range(out.size):
        word, _, _, _ = philox(np.uint64(first + j), np.uint64(component), np.uint64(0), _SHARED, k0, k1)
        out[j] = normal_quantile(uniform(word))


@njit(cache=True, nogil=True, error_model="numpy")
def shared_uniforms(key: Any, first: int, out: Any) -> None:  # pragma: no cover - compiled
    """Uniform draws ``first`` ... of one shared factor, written into ``out``."""
    k0, k1 = key & _MASK, key >> _HALF
    for j in range(out.size):
        word, _, _, _ = philox(np.uint64(first + j), np.uint64(0), np.uint64(0), _SHARED, k0, k1)
        out[j] = uniform(word)


@inlined
def _below(limit: Any, mean: Any, sd: Any) -> Any:
    """Probability of a normal number below a limit."""
    return 0.5 * math.erfc((mean - limit) / (sd * _SQRT2))


@inlined
def _draw_words(
    key: Any, number: Any, occasion: Any, first: Any, u_d: Any, u_h: Any, u_r: Any, u_e: Any, u_m: Any
) -> None:
    k0, k1 = key & _MASK, key >> _HALF
    low, high = number & _MASK, number >> _HALF
    for j in range(u_d.size):
        a, b, c, d = philox(np.uint64(first + j), low, high, occasion << np.uint64(1), k0, k1)
        u_d[j] = uniform(a)
        u_h[j] = uniform(b)
        u_r[j] = uniform(c)
        u_e[j] = uniform(d)
        nibbles = (a & _LOW_NIBBLE) | ((b & _LOW_NIBBLE) << np.uint64(4)) | ((c & _LOW_NIBBLE) << np.uint64(8))
        u_m[j] = uniform((nibbles | ((d & _LOW_NIBBLE) << np.uint64(12))) << np.uint64(16))


@inlined
def _log_normal_error(out: Any, u: Any, mean: Any, sd: Any, lowest: Any, highest: Any) -> None:
    """ln of a truncated normal number for each uniform one."""
    if sd <= 0.0:
        out[:] = math.log(mean)
        return
    start = _below(lowest, mean, sd)
    span = _below(highest, mean, sd) - start
    for j in range(out.size):
        x = mean + sd * normal_quantile(start + u[j] * span)
        out[j] = ln(min(max(x, lowest), highest))


@inlined
def _log_diameter(
    out: Any, u: Any, mix: Any, mean: Any, sd: Any, gross_sd: Any, share: Any, low: Any, high: Any
) -> None:
    """As above for the mixture of a common and a gross error."""
    start = _below(low, mean, sd)
    span = _below(high, mean, sd) - start
    gross_start = _below(low, mean, gross_sd)
    gross_span = _below(high, mean, gross_sd) - gross_start
    for j in range(out.size):
        gross = mix[j] < share
        p = (gross_start if gross else start) + u[j] * (gross_span if gross else span)
        x = mean + (gross_sd if gross else sd) * normal_quantile(p)
        out[j] = ln(min(max(x, low), high))


@njit(cache=True, nogil=True, error_model="numpy")
def add_trees(
    sums: Any,
    first: int,
    key: Any,
    occasion: Any,
    number: Any,
    cell: Any,
    weight: Any,
    dbh: Any,
    dbh_sd: Any,
    gross: Any,
    height: Any,
    height_sd: Any,
    density: Any,
    density_sd: Any,
    limits: Any,
    equation: Any,
    term_start: Any,
    sign: Any,
    parameters: Any,
    residual_sd: Any,
    offset: Any,
    uses: Any,
    density_class: Any,
    density_uniforms: Any,
    site: Any,
    site_sd: Any,
    site_normals: Any,
) -> None:  # pragma: no cover - compiled
    """Add the biomass of every tree to its cell for draws ``first`` ... ``first + sums.shape[1]``.

    Parameters
    ----------
    sums : ndarray, shape (cells, w)
        Added to. [kg]
    gross : (share, sd_cm) of the gross diameter error; ``dbh_sd[i] < 0`` means the mixture, with common sd -dbh_sd[i].
    limits : (dbh_min, dbh_max, height_min, height_max, density_min, density_max)
    term_start : ndarray, shape (equations + 1,)
        Terms of equation e are ``term_start[e] : term_start[e + 1]``.
    parameters : ndarray, shape (terms, 4, w)
        Intercept, d, h, r of each term in each draw.
    residual_sd, offset : ndarrays, shapes (equations, w) and (equations,)
        sd of ln W for one tree, and what is added to ln W so that the mean is kept.
    uses : ndarray of bool, shape (equations, 3)
        Whether height and density enter, and whether a residual is drawn.
    density_class, density_uniforms : shapes (n,), (classes, w)
        Shared uniform numbers; class -1 draws its own.
    site, site_sd, site_normals : shapes (n,), (equations,), (sites, w)
    """
    width = sums.shape[1]
    u_d, u_h, u_r, u_e, u_m = np.empty(width), np.empty(width), np.empty(width), np.empty(width), np.empty(width)
    ln_d, ln_h, ln_r = np.zeros(width), np.zeros(width), np.zeros(width)
    factor, whole = np.zeros(width), np.zeros(width)
    for i in range(dbh.size):
        e = equation[i]
        _draw_words(key, number[i], occasion, first, u_d, u_h, u_r, u_e, u_m)
        if dbh_sd[i] < 0.0:
            _log_diameter(ln_d, u_d, u_m, dbh[i], -dbh_sd[i], gross[1], gross[0], limits[0], limits[1])
        else:
            _log_normal_error(ln_d, u_d, dbh[i], dbh_sd[i], limits[0], limits[1])
        if uses[e, 0]:
            _log_normal_error(ln_h, u_h, height[i], height_sd[i], limits[2], limits[3])
        if uses[e, 1]:
            shared = density_uniforms[density_class[i]] if density_class[i] >= 0 else u_r
            _log_normal_error(ln_r, shared, density[i], density_sd[i], limits[4], limits[5])
        if uses[e, 2]:
            sd = residual_sd[e]
            for j in range(width):
                factor[j] = offset[e] + sd[j] * normal_quantile(u_e[j])
        else:
            factor[:] = offset[e]
        if site[i] >= 0 and site_sd[e] > 0.0:
            effect, spread = site_normals[site[i]], site_sd[e]
            for j in range(width):
                factor[j] += spread * effect[j]
        row = sums[cell[i]]
        start, stop = term_start[e], term_start[e + 1]
        if stop - start == 1:
            p, scale = parameters[start], sign[start] * weight[i]
            for j in range(width):
                row[j] += scale * exp(p[0, j] + p[1, j] * ln_d[j] + p[2, j] * ln_h[j] + p[3, j] * ln_r[j] + factor[j])
            continue
        whole[:] = 0.0
        for t in range(start, stop):
            p, scale = parameters[t], sign[t] * weight[i]
            for j in range(width):
                x = p[0, j] + p[1, j] * ln_d[j] + p[2, j] * ln_h[j] + p[3, j] * ln_r[j] + factor[j]
                whole[j] += scale * exp(x)
        for j in range(width):
            row[j] += max(whole[j], 0.0)
