"""What a skops file may hold so that loading it needs no trust.

skops loads what it trusts by itself (estimators, losses, ufuncs, dtypes, bit generators) and whatever its caller names.
These are the names this flavor adds, each for one role only: a function may stand in a file as a function, it may not
be called by it. No name here imports, evaluates, opens or starts anything, whatever its arguments and its state are;
types whose state native code indexes into without looking are checked after loading (`soundness`).

Left out on purpose: `scipy.stats` distributions (they `exec` a string of their state when restored), `joblib.Memory`
(unpickles its cache), `operator.methodcaller` and bound methods (call anything), distance metrics that hold a
function or arrays whose size nothing checks, and every function that reads or writes files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def _names(module: str, names: str) -> frozenset[str]:
    return frozenset(f"{module}.{name}" for name in names.split())


FUNCTIONS = (
    # what FunctionTransformer and FeatureAgglomeration are commonly given; NumPy's ufuncs are skops' own
    _names("numpy", "around clip max mean median min nan_to_num ravel reshape round squeeze sum")
    | _names("scipy._lib.array_api_compat.numpy._aliases", "asarray")  # an attribute of every BSpline
    # score functions of feature selection
    | _names("sklearn.feature_selection._mutual_info", "mutual_info_classif mutual_info_regression")
    | _names("sklearn.feature_selection._univariate_selection", "chi2 f_classif f_oneway f_regression r_regression")
    # score functions behind `scoring=` in searches and threshold tuning
    | _names(
        "sklearn.metrics._classification",
        "accuracy_score balanced_accuracy_score brier_score_loss cohen_kappa_score d2_brier_score d2_log_loss_score"
        " f1_score fbeta_score hamming_loss jaccard_score log_loss matthews_corrcoef precision_score recall_score",
    )
    | _names(
        "sklearn.metrics._ranking",
        "average_precision_score dcg_score ndcg_score roc_auc_score top_k_accuracy_score",
    )
    | _names(
        "sklearn.metrics._regression",
        "d2_absolute_error_score d2_pinball_score d2_tweedie_score explained_variance_score max_error"
        " mean_absolute_error mean_absolute_percentage_error mean_gamma_deviance mean_pinball_loss"
        " mean_poisson_deviance mean_squared_error mean_squared_log_error mean_tweedie_deviance median_absolute_error"
        " r2_score root_mean_squared_error root_mean_squared_log_error",
    )
    | _names("sklearn.metrics._scorer", "negative_likelihood_ratio positive_likelihood_ratio")
    | _names(
        "sklearn.metrics.cluster._supervised",
        "adjusted_mutual_info_score adjusted_rand_score completeness_score fowlkes_mallows_score homogeneity_score"
        " mutual_info_score normalized_mutual_info_score rand_score v_measure_score",
    )
)

OBJECTS = (
    _names("scipy.interpolate._bsplines", "BSpline")
    | _names("sklearn._loss.link", "HalfLogitLink IdentityLink Interval LogLink LogitLink MultinomialLogit")
    | _names(
        "sklearn._loss.loss",
        "AbsoluteError ExponentialLoss HalfBinomialLoss HalfGammaLoss HalfMultinomialLoss HalfPoissonLoss"
        " HalfSquaredError HalfTweedieLoss HalfTweedieLossIdentity HuberLoss PinballLoss",
    )
    | _names("sklearn.calibration", "_CalibratedClassifier _SigmoidCalibration _TemperatureScaling")
    | _names("sklearn.cluster._bisect_k_means", "_BisectingTree")
    | _names("sklearn.compose._column_transformer", "_RemainderColsList make_column_selector")
    | _names("sklearn.ensemble._hist_gradient_boosting.binning", "_BinMapper")
    | _names("sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor")
    | _names("sklearn.gaussian_process._gpc", "_BinaryGaussianProcessClassifierLaplace")
    | _names(
        "sklearn.gaussian_process.kernels",
        "CompoundKernel ConstantKernel DotProduct ExpSineSquared Exponentiation Matern PairwiseKernel Product RBF"
        " RationalQuadratic Sum WhiteKernel",
    )
    | _names("sklearn.metrics._dist_metrics", "ChebyshevDistance ChebyshevDistance64 EuclideanDistance")
    | _names("sklearn.metrics._dist_metrics", "EuclideanDistance64 ManhattanDistance ManhattanDistance64")
    | _names("sklearn.metrics._scorer", "_CurveScorer _MultimetricScorer _PassthroughScorer _Scorer")
    | _names("sklearn.model_selection._classification_threshold", "_CurveScorer")  # scikit-learn 1.5
    | _names("sklearn.model_selection._search_successive_halving", "HalvingGridSearchCV HalvingRandomSearchCV")
    | _names(
        "sklearn.model_selection._split",
        "GroupKFold GroupShuffleSplit KFold LeaveOneGroupOut LeaveOneOut LeavePGroupsOut LeavePOut PredefinedSplit"
        " RepeatedKFold RepeatedStratifiedKFold ShuffleSplit StratifiedGroupKFold StratifiedKFold"
        " StratifiedShuffleSplit TimeSeriesSplit",
    )
    | _names("sklearn.multiclass", "_ConstantPredictor")
    | _names("sklearn.neighbors._ball_tree", "BallTree BallTree64")
    | _names("sklearn.neighbors._kd_tree", "KDTree KDTree64")
    | _names("sklearn.neural_network._stochastic_optimizers", "AdamOptimizer SGDOptimizer")
    | _names("sklearn.utils._metadata_requests", "MetadataRequest MethodMetadataRequest")
)

ALLOWED: Mapping[str, frozenset[str]] = {
    "DTypeNode": _names("numpy", "dtype"),
    "DictNode": _names("sklearn.utils._bunch", "Bunch"),
    "FunctionNode": FUNCTIONS,
    "ObjectNode": OBJECTS,
    "SparseMatrixNode": _names("scipy.sparse._csr", "csr_array csr_matrix")
    | _names("scipy.sparse._csc", "csc_array csc_matrix"),
    "TreeNode": _names("sklearn.tree._tree", "Tree"),
    "TupleNode": _names("sklearn.impute._iterative", "_ImputerTriplet"),
}
"""The names added to skops' own, by the kind of node under which each may stand in a file."""
