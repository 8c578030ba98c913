"""predict_numpy.py CAMPAIGN.h5 OUTPUT < points.csv: mean and standard deviation a line, by the newest model."""
import sys, h5py, numpy as np
PROFILE = {"matern32": lambda r: (1 + 3**.5 * r) * np.exp(-3**.5 * r), "squared exponential": lambda r: np.exp(-r**2/2),
           "matern52": lambda r: (1 + 5**.5 * r + 5 / 3 * r**2) * np.exp(-5**.5 * r)}
bent = lambda u, c: (np.log1p(np.expm1(c) * u.clip(0, 1)) + u.clip(max=0) * np.expm1(c) - (u - 1).clip(0) * np.expm1(-c)) / c
def kernel(m, i, u, w):
    u, w = (bent(z, m["bend"][i] + 1e-14) for z in (u[:, None], w))  # so small a bend is none
    r, share, profile = np.abs(u - w) / m["length"][i], m["share"][i], PROFILE[m.attrs["profile"]]
    k = profile((r**2).sum(-1)**.5) if m.attrs["form"] == "radial" else (1 + share * (profile(r) - 1)).prod(-1)
    return m["variance"][i] * (k + m["line"][i] * ((u - .5) * (w - .5)).sum(-1))
def features(m, x):
    x, shift = x[:, m["x_input"][:]], m["x_shift"][:]
    return (np.choose(m["x_warp"], [x, np.log(x.clip(1e-300)), shift + (x == shift)]) - shift) / m["x_scale"]
def member(m, x, runs):
    u, w = features(m, x), features(m, runs[m["train_run"][:]])
    terms = [np.c_[z, np.ones(len(z))][:, m["trend_term"][:]].prod(-1) for z in (u, w)]
    alpha, c = (np.vstack([m[name], m["alternative_" + name]]) for name in ("alpha", "coefficients"))
    means = np.array([terms[0] @ c[i] + kernel(m, i, u, w) @ alpha[i] for i in range(len(alpha))])
    half, basis = (np.linalg.solve(m["factor"], b) for b in (kernel(m, 0, w, u), terms[1]))
    gap = (terms[0] - half.T @ basis) @ np.linalg.pinv(basis)
    v = (kernel(m, 0, u, u).diagonal() - (half**2).sum(0) + (gap**2).sum(1)).clip(0)
    v = m["z_scale"][()]**2 * (v + ((means - means[0])**2).sum(0))
    z = (m["z_shift"][()] + m["z_scale"][()] * means[0]).clip(max=m["z_top"][()])
    e, rise = np.exp(z.clip(max=300) + v.clip(max=3) / 2), np.expm1(v.clip(max=3))
    return {"none": (z, v), "sqrt": (z**2 + v, 2 * v * (v + 2 * z**2)), "log": (e, rise * e**2)}[m.attrs["transform"]]
file, x = h5py.File(sys.argv[1]), np.loadtxt(sys.stdin, delimiter=",", ndmin=2)
model, runs = file["models"][max(file["models"])][sys.argv[2]], file["runs/x"][:]
mean, v = np.swapaxes([member(model[f"member_{k}"], x, runs) for k in range(len(model["weights"]))], 0, 1)
center = np.average(mean, 0, model["weights"])
np.savetxt(sys.stdout, np.c_[center, np.average(v + (mean - center)**2, 0, model["weights"])**.5])
