"""The stages that a pipeline may name so that loading it needs no trust.

A saved pipeline names the class of every stage, and Spark imports what is named, in Python or on the JVM. These are
MLlib's own classes, which compute with columns and hold numbers.

Left out on purpose: `SQLTransformer`, which runs a statement that stands in the model, and statements can do anything
(`reflect`, `CREATE FUNCTION … USING JAR`, `DROP TABLE`); and the classes of `tuning`, which load others from paths that
their metadata names.
"""

from __future__ import annotations

import re

_MODULES = {
    "feature": """
        Binarizer BucketedRandomProjectionLSH BucketedRandomProjectionLSHModel Bucketizer ChiSqSelector
        ChiSqSelectorModel ColumnPruner CountVectorizer CountVectorizerModel DCT ElementwiseProduct FeatureHasher
        HashingTF IDF IDFModel Imputer ImputerModel IndexToString Interaction MaxAbsScaler MaxAbsScalerModel MinHashLSH
        MinHashLSHModel MinMaxScaler MinMaxScalerModel NGram Normalizer OneHotEncoder OneHotEncoderModel PCA PCAModel
        PolynomialExpansion QuantileDiscretizer RFormula RFormulaModel RegexTokenizer RobustScaler RobustScalerModel
        StandardScaler StandardScalerModel StopWordsRemover StringIndexer StringIndexerModel TargetEncoder
        TargetEncoderModel Tokenizer UnivariateFeatureSelector UnivariateFeatureSelectorModel VarianceThresholdSelector
        VarianceThresholdSelectorModel VectorAssembler VectorAttributeRewriter VectorIndexer VectorIndexerModel
        VectorSizeHint VectorSlicer Word2Vec Word2VecModel
        """,
    "classification": """
        DecisionTreeClassificationModel DecisionTreeClassifier FMClassificationModel FMClassifier GBTClassificationModel
        GBTClassifier LinearSVC LinearSVCModel LogisticRegression LogisticRegressionModel
        MultilayerPerceptronClassificationModel MultilayerPerceptronClassifier NaiveBayes NaiveBayesModel OneVsRest
        OneVsRestModel ProbabilisticClassificationModel RandomForestClassificationModel RandomForestClassifier
        """,
    "regression": """
        AFTSurvivalRegression AFTSurvivalRegressionModel DecisionTreeRegressionModel DecisionTreeRegressor
        FMRegressionModel FMRegressor GBTRegressionModel GBTRegressor GeneralizedLinearRegression
        GeneralizedLinearRegressionModel IsotonicRegression IsotonicRegressionModel LinearRegression
        LinearRegressionModel RandomForestRegressionModel RandomForestRegressor
        """,
    "clustering": """
        BisectingKMeans BisectingKMeansModel DistributedLDAModel GaussianMixture GaussianMixtureModel KMeans KMeansModel
        LDA LocalLDAModel
        """,
    "recommendation": "ALS ALSModel",
    "fpm": "FPGrowth FPGrowthModel",
    "pipeline": "Pipeline PipelineModel",
}
_CLASSES = {name: module for module, names in _MODULES.items() for name in names.split()}
_CLASS = re.compile(r"(?:org\.apache\.spark|pyspark)\.ml\.(?:([a-z]+)\.)?([A-Za-z0-9]+)")
_COMPARED = frozenset(
    {"org.apache.spark.mllib.clustering.BisectingKMeansModel", "org.apache.spark.mllib.clustering.DistributedLDAModel"}
)
"""What the older API writes below a stage; it is compared to what is expected, and nothing is loaded by it."""

PIPELINES = frozenset({"org.apache.spark.ml.PipelineModel", "pyspark.ml.pipeline.PipelineModel"})


def is_allowed(name: str) -> bool:
    """Whether a class, by its name in Python or on the JVM, is one of MLlib's that need no trust."""
    if name in _COMPARED:
        return True
    found = _CLASS.fullmatch(name)
    if found is None or found[2] not in _CLASSES:
        return False
    module = _CLASSES[found[2]]
    return found[1] == module or (found[1] is None and module == "pipeline")
