"""A shop with a category, products, reviews, a customer and orders."""

from decimal import Decimal

from django.contrib.auth import get_user_model
from django.contrib.flatpages.models import FlatPage
from oscar.apps.catalogue.categories import create_from_breadcrumbs
from oscar.core.loading import get_model
from oscar.test import factories

buyer = get_user_model().objects.create_user("buyer", "buyer@example.org", "x")
category = create_from_breadcrumbs("Books > Fiction")
for number in range(12):
    product = factories.create_product(
        upc=f"upc{number}", title=f"Book {number}", price=Decimal("9.90"), num_in_stock=10
    )
    get_model("catalogue", "ProductCategory").objects.create(product=product, category=category)
factories.ProductReviewFactory(product=product, user=buyer, score=3)
get_model("address", "Country").objects.create(
    iso_3166_1_a2="GB", name="UK", printable_name="UK", is_shipping_country=True
)
for number in range(3):
    basket = factories.BasketFactory()
    basket.add_product(product)
    factories.create_order(number=f"10000{number}", user=buyer, basket=basket)
FlatPage.objects.create(url="/about/", title="About", content="x").sites.set([1])
