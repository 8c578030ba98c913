#!/usr/bin/python3
"""The tasks of tests/bench/gp_tasks by OpenTURNS: radial Matern 5/2, a length an input, an estimated constant.

It has no gradient of the evidence: `evidence` is the value, and by finite differences its gradient. Variances come
one by one, with the mean.
"""
import measure
import openturns as ot

ot.TBB.Disable()
ot.Log.Show(ot.Log.NONE)
given = measure.Setting(__doc__)
dim = given.x.shape[1]
x, y, many = ot.Sample(given.x), ot.Sample(given.y[:, None]), ot.Sample(given.many)


def algorithm(x, y, search=False):
    kernel = ot.MaternModel([1.0] * dim, [1.0], 2.5)
    kernel.setNuggetFactor(given.noise)
    kriging = ot.KrigingAlgorithm(x, y, kernel, ot.ConstantBasisFactory(dim).build())
    lower, upper = measure.BOUNDS
    kriging.setOptimizationBounds(ot.Interval([lower] * dim, [upper] * dim))
    kriging.setOptimizeParameters(search)
    return kriging


def finished(kriging):
    kriging.run()
    return kriging.getResult()


def evidence():
    # A new one each time: it remembers what it was asked before. The function does not keep it alive.
    kriging = algorithm(x, y, True)
    function = kriging.getReducedLogLikelihoodFunction()
    scale = [1.0] * dim
    return function(scale)[0], function.gradient(scale)


def with_variance(result):
    return result.getMetaModel()(many), result.getConditionalMarginalVariance(many)


def rmse(result):
    return given.rmse(result.getMetaModel()(ot.Sample(given.x_test)))


fixed = finished(algorithm(x, y))
given.measure("evidence", evidence, lambda result: f"log_evidence={result[0]:.9g}")
given.measure("predict", lambda: with_variance(fixed))
given.measure("predict_mean", lambda: fixed.getMetaModel()(many), lambda _: f"rmse={rmse(fixed):.6g}")
x_more, y_more = ot.Sample(x), ot.Sample(y)
x_more.add(given.x_test[0])
y_more.add([given.y_test[0]])
given.measure("append", lambda: finished(algorithm(x_more, y_more)))
given.measure("fit", lambda: finished(algorithm(x, y, True)), lambda result: f"rmse={rmse(result):.6g}")
