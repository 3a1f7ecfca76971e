"""Django's user with the one field that adsync has and Django has not."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    contact_number = models.CharField(max_length=1024, blank=True)
